import { readFile } from 'node:fs/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Job, JobContext } from 'nestjs-jobs';
import sharp from 'sharp';
import { z } from 'zod';
import { writeFileAtomically } from '../storage/atomic-file.js';
import { ImageFiles } from './image.files.js';

/** Widest width and height of each thumbnail, in pixels; the image's proportions are kept. */
export const THUMBNAIL_SIZES = { small: 160, medium: 480, large: 960 } as const;

/** A thumbnail that was made. */
export interface Thumbnail {
  size: string;
  /** Its file below the data folder. */
  file: string;
  width: number;
  height: number;
}

/** Makes small versions of uploaded images. */
@Injectable()
export class ThumbnailService {
  private readonly logger = new Logger(ThumbnailService.name);

  constructor(
    private readonly files: ImageFiles,
    private readonly job: JobContext,
  ) {}

  /**
   * Idempotent: each thumbnail's path follows from the image's id and the size, and a file is there
   * whole or not at all, so a second run replaces what a first one left.
   */
  @Job({ queue: 'images', attempts: 3, timeout: '1m', schema: z.uuid() })
  async makeAll(imageId: string): Promise<Thumbnail[]> {
    const original = await readFile(this.files.pathOf(this.files.original(imageId)));
    const sizes = Object.entries(THUMBNAIL_SIZES);
    const made: Thumbnail[] = [];
    for (const [size, edge] of sizes) {
      // Between two images is the place to stop when the job is cancelled or the app shuts down.
      this.job.signal.throwIfAborted();
      made.push(await this.makeOne(imageId, original, size, edge));
      await this.job.progress(Math.round((made.length / sizes.length) * 100));
    }
    this.logger.log(`made ${made.length} thumbnails of image ${imageId}`);
    return made;
  }

  private async makeOne(
    imageId: string,
    original: Buffer,
    size: string,
    edge: number,
  ): Promise<Thumbnail> {
    const { data, info } = await sharp(original)
      .rotate() // as the camera was held
      .resize({ width: edge, height: edge, fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 80 })
      .toBuffer({ resolveWithObject: true });
    const file = this.files.thumbnail(imageId, size);
    await writeFileAtomically(this.files.pathOf(file), data);
    return { size, file, width: info.width, height: info.height };
  }
}
