import type { Differences } from '../../support/backends.js';

const because = (reason: string): Differences => ({ postgres: reason });

/**
 * Where BullMQ's PostgreSQL backend does not do what its Redis backend does, and why. A test that
 * takes one of these must fail on PostgreSQL.
 */
export const POSTGRES = {
  jsonb: because('data is jsonb, so spaces, doubled keys and the form of numbers are lost'),
  ownIdsTakeNoNumber: because('a job that brings an id takes no number'),
  parentsOnlyInFlows: because('only addFlow adds parents that wait for children'),
  dueKeepPlace: because('a delayed job that is due takes the place of its insertion'),
  givenBackGoBehind: because('a job that a worker loses or gives back goes behind the others'),
  putBackChecksLess: because('a job is put back only where it is active, and else nothing is said'),
  changedDelayIsNotTold: because('a changed delay makes no event'),
  promoteTellsMissing: because('a missing job is told from one that is not delayed'),
  exhaustedAtEachFailure: because('each failure is told as the last attempt'),
  stateBeforeLock: because('the state is checked before the lock'),
  expiredLocksHold: because('a lock that has expired holds until the job is recovered'),
  stalledIsNotToldWaiting: because('a recovered job is told as stalled alone'),
  noAgeLimit: because('all jobs that are too old are removed at once'),
  bulkTellsHowMany: because(
    'bulk operations return how many jobs they moved, not whether some are left',
  ),
  activeRunIsWrittenOver: because('a run that is active is written over by the new one'),
  keepsPriorityInBulk: because('jobs that are retried in bulk keep their priority'),
  pausedIsAState: because('the waiting jobs of a paused queue count as paused'),
  keptLastIsNotToldAdded: because('a job that was kept back is told as waiting alone'),
  deduplicatesFirst: because('the deduplication id is looked at before the id'),
  parentsKeepPlace: because('a parent takes the place of its insertion'),
  parsedValues: because('results of children are jsonb, and written anew'),
  waitingParentIsNotTold: because('a running parent that waits for children makes no event'),
  waitsForAnyChild: because('a parent waits while any child is pending, whichever it asks for'),
  delayedParentsWait: because('a delayed parent waits for its time, also when a child has failed'),
  bulkLeavesParents: because('a child that is retried in bulk is not given back to its parent'),
  cursorEnds: because('a cursor becomes 0 at the end, also that of failed children'),
  removedIsNotTold: because('a removal makes no event, and returns the number of removed jobs'),
  removeTellsMissing: because('0 jobs are removed where there is none'),
  cutsWithoutChecks: because('neither the child nor the parent need exist to be cut apart'),
  cleaningIsNotTold: because('nothing is told where nothing was cleaned'),
  cleansInTrueOrder: because('cleaned waiting jobs are listed with the first to run in front'),
  cleansHeldJobs: because('active jobs are cleaned although a worker holds them'),
  notImplemented: because('BullMQ has not written it for PostgreSQL'),
  rankedInOneOrder: because('jobs with a priority are listed in the same order in both directions'),
  listsInTrueOrder: because('lists are turned around where they are asked for in ascending order'),
  noNegativeStart: because('a range does not start at its end'),
  unfinishedHasEmptyResult: because('a job that has not finished has an empty result'),
  progressIsJsonb: because('progress is jsonb, and written anew'),
  countsLinesOfOld: because('the lines of a log that were cut off are counted'),
  noPrefix: because('a schema takes the place of the prefix'),
  closingDropsCalls: because('calls that are on their way when it closes never end'),
  earlyDisconnectIsMissed: because('a wait that has just been asked for is not ended'),
  countsAllSettings: because('settings that there were are counted, too'),
  defaultLimitIsNotStored: because('the default limit of events is not stored'),
  metricsCountOtherwise: because('no more than the points and their sum is kept'),
  nullBecomesAnObject: because('data that is null is stored as an empty object'),
  removedChildrenPend: because(
    'a parent waits for its unprocessed children though they are removed',
  ),
} as const;
