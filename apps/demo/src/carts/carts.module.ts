import { Module } from '@nestjs/common';
import { ShopDatabase } from '../storage/shop-database.js';
import { CartCleanup } from './cart-cleanup.service.js';
import { CartFiguresRepository } from './cart-figures.repository.js';
import { CartWatch } from './cart-watch.service.js';
import { CartsController } from './carts.controller.js';
import { CartsRepository } from './carts.repository.js';

/** Carts, their nightly clean-up, and figures about them. */
@Module({
  controllers: [CartsController],
  providers: [ShopDatabase, CartsRepository, CartFiguresRepository, CartCleanup, CartWatch],
})
export class CartsModule {}
