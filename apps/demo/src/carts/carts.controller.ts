import { Body, Controller, Get, ParseIntPipe, Post, Query } from '@nestjs/common';
import { type CartFigure, CartFiguresRepository } from './cart-figures.repository.js';
import { type Cart, cartSchema } from './cart.dto.js';
import { CartsRepository } from './carts.repository.js';

/** Carts, and what they were worth over time. */
@Controller('carts')
export class CartsController {
  constructor(
    private readonly carts: CartsRepository,
    private readonly figures: CartFiguresRepository,
  ) {}

  /** Stores a cart; with an old `touchedAt`, the next clean-up removes it. */
  @Post()
  save(@Body({ schema: cartSchema }) cart: Cart): { cart: Cart } {
    this.carts.save(cart);
    return { cart };
  }

  @Get()
  list(): Cart[] {
    return this.carts.all();
  }

  /** One figure a second, written by a recurring job. `after`: Unix milliseconds. */
  @Get('figures')
  figuresAfter(
    @Query('after', new ParseIntPipe({ optional: true })) after = Date.now() - 10_000,
  ): CartFigure[] {
    return this.figures.after(after);
  }
}
