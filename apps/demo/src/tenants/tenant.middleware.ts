import { BadRequestException, Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Tenants } from './tenants.js';

const TENANT = /^[a-z][a-z0-9-]{0,30}$/;

/**
 * Reads the tenant of a request from its header `x-tenant`. A real shop would know it by the host
 * or the session.
 */
@Injectable()
export class TenantMiddleware implements NestMiddleware {
  constructor(private readonly tenants: Tenants) {}

  use(request: Request, _response: Response, next: NextFunction): void {
    const tenant = request.get('x-tenant') ?? this.tenants.current;
    if (!TENANT.test(tenant)) throw new BadRequestException(`expected x-tenant like "books"`);
    this.tenants.restore(tenant, next);
  }
}
