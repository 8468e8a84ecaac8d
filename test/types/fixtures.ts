import type { JobScheduler, TransactionalJobs } from 'nestjs-jobs';

/** Only types are tested, so nothing of this runs. */
export declare const jobs: JobScheduler;
export declare const transaction: TransactionalJobs;

export interface User {
  readonly id: string;
}

export declare class EmailService {
  readonly domain: string;
  send(to: string, copies?: number): Promise<number>;
  count(): number;
  remind(user: User): Promise<void>;
  find(id: string): Promise<User>;
  find(ids: readonly string[]): Promise<User[]>;
  latest(): User | undefined;
  private hidden(): void;
}

export declare class FancyEmailService extends EmailService {
  decorate(color: 'red' | 'blue'): string;
}

export declare abstract class Mailer {
  abstract deliver(to: string): Promise<boolean>;
}

export declare class Repository<T> {
  constructor(items: T[], size: number);
  save(item: T): Promise<T>;
}
