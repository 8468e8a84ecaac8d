import { Injectable } from '@nestjs/common';

export interface User {
  readonly id: string;
  readonly welcomeEmailSentAt?: Date;
}

/** Stands for an application's users. */
@Injectable()
export class Users {
  private readonly users = new Map<string, User>();
  vouchers = 0;

  async find(id: string): Promise<User> {
    return this.users.get(id) ?? { id };
  }

  async update(id: string, change: Partial<User>): Promise<void> {
    this.users.set(id, { ...(await this.find(id)), ...change });
  }

  async createVoucher(id: string): Promise<string> {
    this.vouchers += 1;
    return `${id}-${this.vouchers}`;
  }
}
