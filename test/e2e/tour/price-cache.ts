// #region process
import { Injectable } from '@nestjs/common';
import { Recurring } from 'nestjs-jobs';

@Injectable()
export class PriceCache {
  private prices = new Map<string, number>();

  @Recurring({ every: '30s' }, { id: 'price-cache', scope: 'process' })
  async refresh(): Promise<void> {
    this.prices = new Map([['tea', await fetchPrice('tea')]]);
  }

  priceOf(article: string): number | undefined {
    return this.prices.get(article);
  }
}
// #endregion process

/** Stands for a price list. */
async function fetchPrice(article: string): Promise<number> {
  return article.length * 100;
}
