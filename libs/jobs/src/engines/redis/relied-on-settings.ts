import type { ClusterOptions, RedisOptions } from 'ioredis';

/** Pause before a command is sent to a Cluster again that could not serve it. */
const CLUSTER_PAUSE_MS = 100;

/** Pause before a connection to a Sentinel is made again, which tells of failovers. */
const SENTINEL_PAUSE_MS = 2_000;

/**
 * How every connection of this engine works, whatever the application's client or options say:
 * theirs are made for other commands. What is undefined is ioredis' default.
 *
 * Commands are kept and sent again when the connection is back, however long that takes.
 * @internal
 */
export const RELIED_ON: RedisOptions = {
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: true,
  autoResubscribe: true,
  enableReadyCheck: true,
  keepAlive: 10_000,
  noDelay: true,
  retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), 2_000) + Math.random() * 100,
  // A failover leaves connections to what is now a replica. 2: reconnect and send the command
  // again.
  reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  // Waits are bounded above, where it is known what a command is for.
  commandTimeout: undefined,
  blockingTimeout: undefined,
  socketTimeout: undefined,
  // Replies are read as these leave them.
  stringNumbers: false,
  replyMapping: undefined,
  monitor: false,
  // Commands are sent in the order of their calls, at once, and to the primary.
  enableAutoPipelining: false,
  readOnly: false,
  // Of Sentinels; without effect elsewhere.
  role: 'master',
  failoverDetector: true,
  sentinelRetryStrategy: (times) => Math.min(10 * times, 1_000),
  sentinelReconnectStrategy: () => SENTINEL_PAUSE_MS,
};

/** The same of what a Cluster takes for all of its nodes. @internal */
export const RELIED_ON_OF_CLUSTER: ClusterOptions = {
  clusterRetryStrategy: (times) => Math.min(100 * times, 2_000),
  enableOfflineQueue: true,
  enableReadyCheck: true,
  enableAutoPipelining: false,
  shardedSubscribers: false,
  scaleReads: 'master',
  // A command waits for the end of a failover, as it does for a server that is away.
  maxRedirections: Infinity,
  retryDelayOnMoved: 10,
  retryDelayOnFailover: CLUSTER_PAUSE_MS,
  retryDelayOnClusterDown: CLUSTER_PAUSE_MS,
  retryDelayOnTryAgain: CLUSTER_PAUSE_MS,
};
