import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, type NestContainer } from '@nestjs/core';
import { ExternalExceptionFilterContext } from '@nestjs/core/exceptions/external-exception-filter-context.js';
import { GuardsConsumer, GuardsContextCreator } from '@nestjs/core/guards/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';

/**
 * Nest's own machinery for guards, interceptors, pipes and filters.
 *
 * Enhancers that are registered globally were written for HTTP: an auth guard that reads a
 * request's header would deny every job. So they are left out unless `globalEnhancers` is set, by
 * giving Nest an empty application config in place of the application's.
 * @internal
 */
@Injectable()
export class EnhancerContexts {
  readonly guards: GuardsContextCreator;
  readonly guardsConsumer = new GuardsConsumer();
  readonly filters: ExternalExceptionFilterContext;
  readonly calls: ExternalContextCreator;

  constructor(
    external: ExternalContextCreator,
    applicationConfig: ApplicationConfig,
    @Inject(JOBS_OPTIONS) options: Pick<ResolvedOptions, 'globalEnhancers'>,
  ) {
    // The container is not injectable; Nest's creator holds it: see nest.seams.ts.
    const { container } = external as unknown as { container: NestContainer };
    const config = options.globalEnhancers ? applicationConfig : new ApplicationConfig();
    const scoped = Object.create(container, {
      applicationConfig: { value: config },
    }) as NestContainer;
    this.guards = new GuardsContextCreator(container, config);
    this.filters = new ExternalExceptionFilterContext(container, config);
    this.calls = ExternalContextCreator.fromContainer(scoped);
  }
}
