import type { JobEnding, JobScheduler } from 'nestjs-jobs';
import { OrderService } from './order.service.js';

export abstract class Desk {
  abstract close(ending: JobEnding<string>): Promise<void>;
}

export async function followUp(jobs: JobScheduler): Promise<[string, string]> {
  // #region continue
  const order = await jobs.enqueue(OrderService, (s) => s.process('o-1'));

  // `placed` stands for what process() will return: pass it on, or properties of it.
  const invoice = await jobs.continueWith(order, OrderService, (s, placed) =>
    s.invoice(placed.id, placed.total),
  );
  // After both, once; typed like everything else.
  const archived = await jobs.continueWith([order, invoice], OrderService, (s, [placed, text]) =>
    s.archive(placed, text),
  );
  // Whatever happens: completed, failed, cancelled or removed.
  await jobs.continueWith(invoice, Desk, (s, ending) => s.close(ending), { on: 'finished' });

  const last = await jobs
    .chain()
    .then(OrderService, (s) => s.process('o-2'))
    .then(OrderService, (s, placed) => s.invoice(placed.id, placed.total))
    .enqueue(); // all steps are stored, or none
  // #endregion continue
  return [await archived.result(), await last.result()];
}
