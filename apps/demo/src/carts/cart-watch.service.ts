import { Injectable } from '@nestjs/common';
import { JobContext, Recurring } from 'nestjs-jobs';
import { CartFiguresRepository } from './cart-figures.repository.js';
import { CartsRepository } from './carts.repository.js';

/** Keeps an eye on the open carts. */
@Injectable()
export class CartWatch {
  constructor(
    private readonly carts: CartsRepository,
    private readonly figures: CartFiguresRepository,
    private readonly job: JobContext,
  ) {}

  /**
   * Each second: fast, so that one can watch it tick, be paused, and miss ticks. Figures of seconds
   * that have passed cannot be made up for, so one run stands for all that were missed.
   */
  @Recurring(
    { every: '1s' },
    { id: 'cart-watch', queue: 'carts', misfire: 'fire-once', misfireThreshold: '1s', attempts: 1 },
  )
  record(): void {
    const { due, missed } = this.job.tick!;
    this.figures.save({ due: due.getTime(), at: Date.now(), missed, ...this.carts.sum() });
  }
}
