import { ConnectionClosedError } from 'bullmq';
import type { Refusal } from '../../contracts/index.js';
import { JobsError, StoreUnreachableError } from '../../errors/index.js';

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

/**
 * SQLSTATEs of a server that was lost, is going or coming, or cannot serve for now: connection
 * exceptions, shutdown and recovery, out of resources, cancelled by a timeout, read-only after a
 * failover; or that undid a statement because of others, again and again.
 */
const UNAVAILABLE_STATES = /^(?:08...|57P0[1-5]|53...|57014|25006|40...|55P03)$/;

/** What the driver says without a code. */
const UNAVAILABLE_MESSAGES =
  /terminated|timeout expired|timeout exceeded when trying to connect|Query read timeout|not queryable|Client was closed|connection error|connection timeout/i;

/** Serialization failure, deadlock, and a lock that was not to be had in time. */
const CONFLICTS = new Set(['40001', '40P01', '55P03']);

/**
 * Whether an error means that the server could not be reached, or not in time. Ours never do: their
 * words are often those of a job.
 * @internal
 */
export function isPostgresConnectionError(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof JobsError) return false;
  if (error instanceof ConnectionClosedError) return true;
  const code = codeOf(error);
  // An error with an SQLSTATE is an answer; the words in it may be the application's.
  if (code !== undefined) return SOCKET_CODES.has(code) || UNAVAILABLE_STATES.test(code);
  return UNAVAILABLE_MESSAGES.test(error.message);
}

/**
 * A server that is out of room, read-only or shut for this role: it stays so until somebody does
 * something about it.
 */
const LASTING_STATES = /^(?:53[124]00|25006|28...|42501)$/;

/**
 * Other answers to a statement that was not carried out, and what says that the server was not even
 * reached.
 */
const REFUSED = new Set(['53300', '57014', '57P03', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** What an error says of a statement that surely was not carried out. @internal */
export function postgresRefusal(error: unknown): Refusal | undefined {
  const answer = error instanceof ConnectionClosedError ? error.cause : error;
  const code = answer instanceof Error ? codeOf(answer) : undefined;
  if (code === undefined) return undefined;
  const lasts = LASTING_STATES.test(code);
  const reason = (answer as Error).message || code;
  return lasts || REFUSED.has(code) ? { reason, lasts, isWhole: true } : undefined;
}

/**
 * Whether the server undid the statement only because of others, so that it can simply be sent
 * again. @internal
 */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(codeOf(error) ?? '');
}

/**
 * Whether trying to connect again is of no use: wrong credentials, database or certificate.
 * @internal
 */
export function isFatalConnectError(error: Error): boolean {
  const code = codeOf(error) ?? '';
  return (
    /^(?:28...|3D000|ERR_TLS|ERR_SSL|EPROTO|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|CERT_|ERR_INVALID|ERR_SOCKET_BAD)/.test(
      code,
    ) || /does not support SSL|SASL|Invalid sslmode|Invalid URL/i.test(error.message)
  );
}

/**
 * A lost connection, or an engine that was closed, in the form that BullMQ knows: it then waits and
 * tries again instead of recording what it was about to store as failed.
 * @internal
 */
export function asConnectionClosed(error: unknown): unknown {
  if (error instanceof StoreUnreachableError)
    return new ConnectionClosedError(error.message, error);
  if (error instanceof ConnectionClosedError || !isPostgresConnectionError(error)) return error;
  const { message } = error as Error;
  return new ConnectionClosedError(`The PostgreSQL store is not available: ${message}`, error);
}

function codeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
