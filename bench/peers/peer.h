// What the peers in C have in common: memory, files, and how they speak with bench/run.
#ifndef TALWEG_BENCH_PEER_H
#define TALWEG_BENCH_PEER_H

#include "clock.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static float *zeros(size_t count) {
  size_t bytes = (count * sizeof(float) + 63) / 64 * 64;
  float *memory = aligned_alloc(64, bytes);
  if (!memory)
    fail("no memory");
  memset(memory, 0, bytes);
  return memory;
}

static FILE *openFile(const char *folder, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (!file)
    fail(path);
  return file;
}

static uint32_t bigEndian(uint32_t word) { return __builtin_bswap32(word); }

/// The values of an IDX file of 32-bit values; `rows` is its first extent, `width` the product of the others.
static void *readIdx(const char *folder, const char *name, int *rows, int *width) {
  FILE *file = openFile(folder, name);
  unsigned char magic[4];
  uint32_t extent;
  *rows = *width = 1;
  if (fread(magic, 1, 4, file) != 4)
    fail(name);
  for (int i = 0; i < magic[3]; ++i) {
    if (fread(&extent, 4, 1, file) != 1)
      fail(name);
    *(i == 0 ? rows : width) *= (int)bigEndian(extent);
  }
  size_t count = (size_t)*rows * *width;
  uint32_t *words = (uint32_t *)zeros(count);
  if (fread(words, 4, count, file) != count)
    fail(name);
  fclose(file);
  for (size_t i = 0; i < count; ++i)
    words[i] = bigEndian(words[i]);
  return words;
}

/// Those of parameters.f32, one after the other.
static float *readParameters(const char *folder, size_t *count) {
  FILE *file = openFile(folder, "parameters.f32");
  fseek(file, 0, SEEK_END);
  *count = ftell(file) / sizeof(float);
  rewind(file);
  float *parameters = zeros(*count);
  if (fread(parameters, sizeof(float), *count, file) != *count)
    fail("parameters.f32 is too short");
  fclose(file);
  return parameters;
}

/// This process's own peak; the usual counter starts from what the parent had.
static long peakMemory(void) {
  char line[256];
  long kilobytes = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1)
      break;
  if (file)
    fclose(file);
  return kilobytes * 1024;
}

/// Ten steps, of which the first and the last loss are told; then, for each line of standard input, which is a number of seconds, the
/// median time of a step, measured for so long. One JSON object a line.
static void serve(float (*step)(void *), void *training) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  float firstLoss = step(training), tenthLoss = 0;
  printf("{\"event\": \"first_step\"}\n");
  for (int i = 1; i < 10; ++i)
    tenthLoss = step(training);
  printf("{\"event\": \"ready\", \"first_loss\": %.9g, \"tenth_loss\": %.9g, \"peak_rss_bytes\": %ld}\n", firstLoss,
         tenthLoss, peakMemory());

  enum { kMostTimes = 1 << 20 };
  static double times[kMostTimes];
  double seconds;
  while (scanf("%lf", &seconds) == 1) {
    size_t taken = 0;
    double start = now(), end = start + seconds;
    while (taken < kMostTimes && (taken < 5 || start < end)) {
      step(training);
      double stop = now();
      times[taken++] = stop - start;
      start = stop;
    }
    printf("{\"median_us\": %.3f}\n", median(times, taken) * 1e6);
  }
}

#endif
