import { Module } from '@nestjs/common';
import { ImageFiles } from './image.files.js';
import { ImagesController } from './images.controller.js';
import { ThumbnailService } from './thumbnail.service.js';

/** Uploaded images and their thumbnails. */
@Module({
  controllers: [ImagesController],
  providers: [ImageFiles, ThumbnailService],
})
export class ImagesModule {}
