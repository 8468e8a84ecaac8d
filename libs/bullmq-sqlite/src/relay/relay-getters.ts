import type {
  RelayCounts,
  RelayNodeConnection,
  RelayNodeState,
  RelayPatternState,
  RelayRetainedState,
  RelaySubscriptionFilter,
  RelaySubscriptionState,
} from 'bullmq';
import type { SqliteStore } from '../store/index.js';
import { nodeConnections } from './operations/connections.js';
import {
  pageOf,
  relayCounts,
  relayNamespaces,
  relayNodes,
  relayPatterns,
  relayRetained,
  relaySubscriptions,
} from './operations/views.js';

/** The part of the backend that only reads, for dashboards. */
export abstract class RelayGetters {
  constructor(
    readonly namespace: string,
    protected readonly store: SqliteStore,
  ) {}

  getCounts(): Promise<RelayCounts> {
    return this.store.read((tx) => relayCounts(tx, this.namespace));
  }

  getNodes(start: number, end: number): Promise<RelayNodeState[]> {
    return this.store.read((tx) => relayNodes(tx, this.namespace, pageOf(start, end)));
  }

  getSubscriptions(
    filter: RelaySubscriptionFilter | undefined,
    start: number,
    end: number,
  ): Promise<RelaySubscriptionState[]> {
    const page = pageOf(start, end);
    return this.store.read((tx) => relaySubscriptions(tx, this.namespace, filter, page));
  }

  getPatterns(start: number, end: number): Promise<RelayPatternState[]> {
    return this.store.read((tx) => relayPatterns(tx, this.namespace, pageOf(start, end)));
  }

  getRetained(start: number, end: number): Promise<RelayRetainedState[]> {
    return this.store.read((tx) => relayRetained(tx, this.namespace, pageOf(start, end)));
  }

  getNamespaces(): Promise<string[]> {
    return this.store.read((tx) => relayNamespaces(tx));
  }

  getNodeConnections(nodeId: string): Promise<RelayNodeConnection[]> {
    return this.store.read((tx) => nodeConnections(tx, this.namespace, nodeId));
  }
}
