import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import type { RepairRound } from '../execution/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { LinkAttachment } from './link-attachment.js';
import { LinkBook, parseLinks } from './link-book.js';

/**
 * Goes through the stored links, which decide what is to be done, and repairs hubs that do not
 * agree with them.
 * @internal
 */
@Injectable()
export class LinkSweep {
  constructor(
    private readonly links: LinkBook,
    private readonly attachment: LinkAttachment,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  async sweep(shard: string, round: RepairRound): Promise<void> {
    const all = await this.links.shard(shard);
    if (all.size === 0) return;
    // Whoever stores links adds their hub next, within this time.
    const before = (await this.engine.store.steadyNow()) - 2 * this.options.enqueueTimeoutMs;
    await round.each(
      all,
      ([key]) => key,
      async ([key, text]) => {
        const read = parseLinks(text, key);
        if (read.links.at < before) await this.attachment.repair(read);
      },
    );
  }
}
