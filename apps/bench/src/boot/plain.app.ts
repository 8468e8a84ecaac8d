import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { defineHandlers, NEST_OPTIONS, type BootApp } from './boot-app.js';

@Module({ providers: defineHandlers().map(({ type }) => type) })
class PlainApp {}

/** The application without background jobs. */
export const bootPlain: BootApp = () =>
  NestFactory.createApplicationContext(PlainApp, NEST_OPTIONS);
