import { JobsError } from 'nestjs-jobs';
import { driveDemo } from './drive/demo-drive.js';

/** `npm run demo`: see {@link driveDemo}. */
driveDemo(process.env, console.log)
  .then((exitCode) => process.exit(exitCode))
  .catch((error: unknown) => {
    console.error(error instanceof JobsError ? error.message : error);
    process.exit(1);
  });
