import { Logger } from '@nestjs/common';
import type { ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { assertSeams, differs, type Seam } from '../seams/index.js';
import { rehearseCall } from './call-rehearsal.js';

/** What is looked at of Nest, in an application that is being created. @internal */
export interface NestShape {
  readonly modules: Pick<ModulesContainer, 'values'>;
  readonly external: ExternalContextCreator;
  readonly Logger: object;
}

/** What is called, in its order, with the arguments that it gets. */
const CALL = [
  'global guard jobs run value',
  'guard jobs run value',
  'global interceptor jobs run value',
  'interceptor jobs run value',
  'pipe value body 0',
  'method value!',
  'filter reason',
  'failed reason',
];

/** What is read of a provider, to find methods and to make instances. */
const WRAPPER_MEMBERS = [
  'token',
  'metatype',
  'instance',
  'inject',
  'isAlias',
  'isTransient',
  'host',
  'id',
];

/** What we take of Nest. Deep imports are not in it: without them the application does not load. */
const NEST_SEAMS: readonly Seam<NestShape>[] = [
  {
    what: 'calls with guards, interceptors, pipes and filters',
    why:
      "Nest's creators of such calls are made for its own transports: the container is a private member, metadata of " +
      "arguments is written as that of a route's body, and contexts are created by positional parameters",
    provedBy: ['test/contract/jobs/nest.test.ts', 'test/contract/jobs/nest-scopes.test.ts'],
    differences: async ({ external }) => differs('the order', CALL, await rehearseCall(external)),
  },
  {
    what: 'the distance of a module',
    why: 'workers start last and stop first, and the store is closed last: Nest sorts hooks by it, and has no other way',
    provedBy: ['test/contract/jobs/lifecycle.test.ts'],
    differences: ({ modules }) =>
      differs(
        'Module.distance',
        'a number that can be set',
        [...modules.values()].every(hasDistance) ? 'a number that can be set' : 'none',
      ),
  },
  {
    what: 'members of a provider',
    why: 'methods are found on providers and controllers of all kinds, and aliases and stand-ins are told from them',
    provedBy: ['test/contract/jobs/nest-scopes.test.ts', 'test/contract/jobs/stand-ins.test.ts'],
    differences: ({ modules }) => {
      const [wrapper] = [...modules.values()].flatMap(({ providers }) => [...providers.values()]);
      const missing = WRAPPER_MEMBERS.filter((name) => !(name in (wrapper ?? {})));
      return [
        ...differs('missing', [], missing),
        ...differs('isDependencyTreeStatic', 'function', typeof wrapper?.isDependencyTreeStatic),
      ];
    },
  },
  {
    what: "the logger's levels",
    why: 'Nest sorts them at each question; the answers are kept until the list is another one',
    provedBy: ['libs/jobs/src/logging/job-logger.spec.ts', 'test/e2e/logging.test.ts'],
    differences: (nest) =>
      differs('Logger.logLevels', true, Object.hasOwn(nest.Logger, 'logLevels')),
  },
];

/**
 * @param nest what the application is made of, or what a spec puts in its place
 * @throws LibraryChangedError
 * @internal
 */
export function assertNest(nest: Omit<NestShape, 'Logger'> & Partial<NestShape>): Promise<void> {
  return assertSeams('@nestjs/core', { Logger, ...nest }, NEST_SEAMS);
}

function hasDistance(module: object): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(module), 'distance');
  const isSettable = descriptor?.set !== undefined || descriptor?.writable === true;
  return isSettable && typeof (module as { distance: unknown }).distance === 'number';
}
