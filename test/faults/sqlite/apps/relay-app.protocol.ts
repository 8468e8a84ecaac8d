import type { RelayMessage, RelayNodeConnection, RelayPublishResult } from 'bullmq';

/** What a test tells the program to do. */
export type RelayOrder =
  | { do: 'subscribe'; pattern: string }
  /** Publishes `count` messages, their numbers from 0 on, so many at once. */
  | { do: 'publish'; topic: string; count: number; atOnce: number; retain?: number }
  | { do: 'connections'; nodeId: string }
  | { do: 'close' };

/** What the program says. */
export type RelayTold =
  | { type: 'up' }
  | { type: 'subscribed'; pattern: string }
  | { type: 'message'; message: RelayMessage<RelayAppData>; at: number }
  | { type: 'published'; results: RelayPublishResult[] }
  | { type: 'swept'; nodes: string[] }
  | { type: 'recovered' }
  | { type: 'connections'; connections: RelayNodeConnection[] }
  | { type: 'error'; message: string }
  | { type: 'closed' };

/** What the program publishes. */
export interface RelayAppData {
  from: string;
  number: number;
  at: number;
}

export interface RelayAppConfig {
  path: string;
  nodeId: string;
  leaseDuration?: number;
}
