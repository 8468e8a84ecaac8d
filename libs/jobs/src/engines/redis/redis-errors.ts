import { ConnectionClosedError } from 'bullmq';

/** Replies of a server that cannot serve now, but will: the command had no effect. */
const UNAVAILABLE =
  /^(?:LOADING|BUSY|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MISCONF|NOREPLICAS|OOM)\b/;

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

const CONNECTION_MESSAGES =
  /Connection is closed|Command aborted|Command timed out|isn't writeable|Socket timeout|Reached the max retries|ClusterAllFailedError|Failed to refresh slots/i;

/** Whether the server answered, and what it said means: not now. @internal */
export function isUnavailableReply(error: unknown): boolean {
  return error instanceof Error && UNAVAILABLE.test(error.message);
}

/** Whether an error means that the server could not be reached. @internal */
export function isRedisConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ConnectionClosedError || isUnavailableReply(error)) return true;
  const { code } = error as NodeJS.ErrnoException;
  return (
    (code !== undefined && SOCKET_CODES.has(code)) ||
    CONNECTION_MESSAGES.test(error.message) ||
    CONNECTION_MESSAGES.test(error.name)
  );
}

/**
 * Whether trying to connect again is of no use: wrong credentials, a wrong certificate, a wrong
 * database index.
 * @internal
 */
export function isFatalConnectError(error: Error): boolean {
  if (error.name === 'ReplyError') return !isUnavailableReply(error);
  const { code = '' } = error as NodeJS.ErrnoException;
  return /^(?:ERR_TLS|ERR_SSL|EPROTO|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_)/.test(code);
}

/**
 * ioredis attaches the command to the server's error, and that of a refused login holds the
 * password. Loggers print such fields, so they go before anyone else sees the error.
 * @internal
 */
export function withoutCredentials(error: Error): Error {
  const { command } = error as { command?: { name: string; args: unknown[] } };
  if (command && /^(?:auth|hello)$/i.test(command.name)) command.args = [];
  return error;
}
