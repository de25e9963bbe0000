/* The floor for bench_regf: reads a hive, walks the tree from its root, and counts the bytes of every
 * value of 64 bytes and more. No checks beyond staying inside the file; prints what it counted.
 *
 *     cc -O2 -o regf_floor regf_floor.c -lm && ./regf_floor HIVE
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BINS 4096u
#define SEGMENT 16344u

static uint8_t *bins;
static uint32_t limit;
static uint64_t keys, values, counted, kept, histogram[256];

static uint32_t word(uint32_t at) {
  uint32_t value = 0;
  if (at <= limit - 4) memcpy(&value, bins + at, 4);
  return value;
}

static uint16_t half(uint32_t at) { return (uint16_t)word(at); }

static void count(uint32_t at, uint32_t size) {
  if (at > limit || size > limit - at) return;
  for (uint32_t i = 0; i < size; i++) histogram[bins[at + i]]++;
}

static void look(uint32_t at, uint32_t size) {
  memset(histogram, 0, sizeof histogram);
  if (size > SEGMENT && half(at) == 0x6264) {
    uint32_t list = word(at + 4) + 4, left = size;
    for (uint32_t i = 0; i < half(at + 2) && left; i++) {
      uint32_t part = left < SEGMENT ? left : SEGMENT;
      count(word(list + 4 * i) + 4, part);
      left -= part;
    }
  } else {
    count(at, size);
  }
  double entropy = log2(size);
  uint64_t zeros = histogram[0];
  if (size >= 512 && zeros * 10 < size * 3ull)
    for (int i = 0; i < 256; i++)
      if (histogram[i]) entropy -= histogram[i] * log2(histogram[i]) / size;
  counted += size;
  kept += size >= 512 && zeros * 10 < size * 3ull && entropy >= 7;
}

static void values_of(uint32_t record) {
  uint32_t list = word(record + 40) + 4;
  for (uint32_t i = 0; i < word(record + 36); i++) {
    uint32_t value = word(list + 4 * i) + 4;
    if (half(value) != 0x6b76) continue;
    values++;
    uint32_t size = word(value + 4), data = word(value + 8) + 4;
    if (size >= 64 && size < 0x80000000u) look(data, size < limit ? size : 0);
  }
}

int main(int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (!file) return 2;
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  uint8_t *image = malloc((size_t)size);
  if (!image || fread(image, 1, (size_t)size, file) != (size_t)size) return 2;
  fclose(file);
  bins = image + BINS;
  limit = (uint32_t)size - BINS;
  uint32_t top = 0, most = limit / 8, *stack = malloc(4ull * most);
  uint32_t root;
  memcpy(&root, image + 36, 4);
  stack[top++] = root;
  while (top) {
    uint32_t record = stack[--top] + 4;
    if (half(record) == 0x6b6e) {
      keys++;
      values_of(record);
      if (word(record + 20) && top < most) stack[top++] = word(record + 28);
      continue;
    }
    uint32_t step = half(record) == 0x6972 || half(record) == 0x696c ? 4 : 8;
    if (step == 8 && (half(record) & 0xff) != 'l') continue;
    for (uint32_t i = 0; i < half(record + 2) && top < most; i++)
      stack[top++] = word(record + 4 + step * i);
  }
  printf("%llu %llu %llu %llu\n", (unsigned long long)keys, (unsigned long long)values,
         (unsigned long long)counted, (unsigned long long)kept);
  return 0;
}
