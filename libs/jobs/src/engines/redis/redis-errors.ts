import { ConnectionClosedError } from 'bullmq';
import type { Refusal } from '../../contracts/index.js';
import { JobsError } from '../../errors/index.js';
import { withoutSecrets } from '../driver-error.js';

/**
 * Replies of a server that cannot serve now, or does not let us in now: the command had no effect.
 * Those of the lower line are refusals of a login. Redis before 7 writes what a script met into a
 * sentence, after a minus sign.
 */
const UNAVAILABLE = new RegExp(
  '(?:^|-)(?:LOADING|BUSY|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MISCONF|NOREPLICAS|OOM|' +
    'WRONGPASS|NOAUTH|DENIED|ERR max number of clients reached|ERR invalid password)\\b',
);

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
  /Connection is closed|Command aborted|Command timed out|isn't writeable|Socket timeout|Reached the max retries|ClusterAllFailedError|Failed to refresh slots|Too many Cluster redirections|Cluster isn't ready|sentinels are unreachable/i;

const LOGIN_REFUSED = /^(?:WRONGPASS|NOAUTH|DENIED|ERR invalid password)\b/;

/** Whether the server answered, and what it said means: not now. @internal */
export function isUnavailableReply(error: unknown): boolean {
  return error instanceof Error && UNAVAILABLE.test(error.message);
}

/**
 * Whether an error means that the server could not be reached. Ours never do: their words are often
 * those of a job.
 * @internal
 */
export function isRedisConnectionError(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof JobsError) return false;
  if (error instanceof ConnectionClosedError || isUnavailableReply(error)) return true;
  // A transaction or a batch that was given up tells of its commands apart.
  const { previousErrors } = error as { previousErrors?: unknown };
  if (Array.isArray(previousErrors) && previousErrors.some(isUnavailableReply)) return true;
  const { code } = error as NodeJS.ErrnoException;
  return (
    (code !== undefined && SOCKET_CODES.has(code)) ||
    CONNECTION_MESSAGES.test(error.message) ||
    CONNECTION_MESSAGES.test(error.name)
  );
}

/**
 * Replies that stay the same until somebody does something about it. (A login may be refused for a
 * moment.)
 */
const LASTING = /(?:^|-)(?:OOM|MISCONF|NOPERM|ERR The user executing the script can't)\b/;

/** A server that answers like this has not carried out the command. @internal */
export function redisRefusal(error: unknown): Refusal | undefined {
  const reply = error instanceof ConnectionClosedError ? error.cause : error;
  if (!(reply instanceof Error) || reply instanceof JobsError) return undefined;
  const lasts = LASTING.test(reply.message);
  return lasts || isUnavailableReply(reply)
    ? { reason: reply.message, lasts, isWhole: false }
    : undefined;
}

/**
 * Whether trying to connect again is of no use: wrong credentials, a wrong certificate, a wrong
 * database index.
 * @internal
 */
export function isFatalConnectError(error: Error): boolean {
  if (error.name === 'ReplyError')
    return LOGIN_REFUSED.test(error.message) || !isUnavailableReply(error);
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
  return withoutSecrets(error);
}
