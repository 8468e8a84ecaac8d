import { Injectable } from '@nestjs/common';
import { expect, it, vi } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import { createJobsApp } from '../../../../test/support/jobs-app.js';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { servers } from '../coordination/index.js';
import { Recurring } from '../decorators/index.js';

describeEngines('a server that leads and is closed', (engine) => {
  it('is known to live by nobody when it lets another one lead', async () => {
    const ran = Promise.withResolvers<void>();
    @Injectable()
    class Work {
      @Recurring({ every: 100 })
      tick(): void {
        ran.resolve();
      }
    }
    const { module, close } = await createJobsApp(engine, { providers: [Work] });
    await ran.promise;
    const { store } = module.get<Engine>(JOBS_ENGINE);
    const live: number[] = [];
    const release = store.releasePermit.bind(store);
    vi.spyOn(store, 'releasePermit').mockImplementation(async (...permit) => {
      const known = await servers.live(store);
      live.push(known.length);
      return release(...permit);
    });
    await close();
    expect(live).toEqual([0]);
  });
});
