/**
 * Stands for an engine where BullMQ's classes expect connection options. It carries no address or
 * credentials that BullMQ could connect with on its own: the backend factory recognises the object
 * by its identity, and printing it shows nothing secret.
 * @internal
 */
export class EngineConnection {
  constructor(
    readonly engine: string,
    readonly address: string,
  ) {}
}
