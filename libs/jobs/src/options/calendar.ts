/**
 * Excludes moments from recurring jobs: give calendars a name in `forRoot({ calendars })`, and the
 * names to `@Recurring()`. Made by the functions of `Calendar`, or by yourself. It must answer at
 * once, never throw (its recurring jobs rest until it does not), and say the same of a moment each
 * time, in all processes.
 * @publicApi
 */
export interface Calendar {
  /**
   * @param time Unix milliseconds
   * @returns whether no tick may be at this moment
   */
  excludes(time: number): boolean;
  /**
   * A shortcut over long exclusions: the end of the one that `time` is in, if the calendar knows.
   * @param time an excluded moment, Unix milliseconds
   * @returns a later moment before which all others are excluded too; undefined when it cannot tell
   */
  excludedUntil?(time: number): number | undefined;
}
