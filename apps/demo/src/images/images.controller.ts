import { randomUUID } from 'node:crypto';
import {
  BadRequestException,
  Controller,
  Post,
  UnsupportedMediaTypeException,
  UploadedFile,
  UseInterceptors,
} from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { JobScheduler } from 'nestjs-jobs';
import sharp from 'sharp';
import { type JobLink, linkTo } from '../jobs/job-link.js';
import { ImageFiles } from './image.files.js';
import { ThumbnailService } from './thumbnail.service.js';

const MAX_BYTES = 10 * 1024 * 1024;

/** The part of what multer hands over that is needed here. */
interface Upload {
  buffer: Buffer;
}

/** Uploads of images. */
@Controller('images')
export class ImagesController {
  constructor(
    private readonly files: ImageFiles,
    private readonly jobs: JobScheduler,
  ) {}

  /**
   * Takes a multipart upload (field `file`, at most 10 MiB) and answers once the original is
   * stored; decoding and resizing, which takes long and much memory, is a job's work. The job gets
   * the image's id and not its bytes: jobs stay small, whatever is uploaded.
   */
  @Post()
  @UseInterceptors(FileInterceptor('file', { limits: { fileSize: MAX_BYTES, files: 1 } }))
  async upload(
    @UploadedFile() file: Upload | undefined,
  ): Promise<{ image: { id: string }; jobs: { thumbnails: JobLink } }> {
    if (!file) throw new BadRequestException('expected a multipart upload with the field "file"');
    await assertImage(file.buffer);
    const id = randomUUID();
    await this.files.saveOriginal(id, file.buffer);
    const job = await this.jobs.enqueue(ThumbnailService, (thumbnails) => thumbnails.makeAll(id));
    return { image: { id }, jobs: { thumbnails: linkTo(job) } };
  }
}

/**
 * Reads the header alone: what is no image is the client's mistake, and is refused before it is a
 * job.
 */
async function assertImage(content: Buffer): Promise<void> {
  await sharp(content)
    .metadata()
    .catch(() => {
      throw new UnsupportedMediaTypeException('expected an image (JPEG, PNG, WebP, GIF, AVIF …)');
    });
}
