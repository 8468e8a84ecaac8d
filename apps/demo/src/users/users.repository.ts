import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ShopSettings } from '../settings/shop-settings.js';
import { JsonCollection } from '../storage/json-collection.js';

/** Someone who signed up. */
export interface User {
  id: string;
  email: string;
  name: string;
}

/** Who signed up. */
@Injectable()
export class UsersRepository {
  private readonly users: JsonCollection<User>;

  constructor(settings: ShopSettings) {
    this.users = new JsonCollection(join(settings.dataFolder, 'users.json'));
  }

  /** The user of an email address, created when there is none: signing up twice changes nothing. */
  async findOrCreate(email: string, name: string): Promise<User> {
    return this.users.change((users) => {
      const known = [...users.values()].find((user) => user.email === email);
      if (known) return known;
      const user = { id: randomUUID(), email, name };
      users.set(user.id, user);
      return user;
    });
  }

  find(id: string): Promise<User | undefined> {
    return this.users.find(id);
  }

  /** @throws Error when there is no such user */
  async get(id: string): Promise<User> {
    const user = await this.users.find(id);
    if (!user) throw new Error(`expected a user with the id ${id}, found none`);
    return user;
  }
}
