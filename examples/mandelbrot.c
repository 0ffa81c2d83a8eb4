/*
 * mandelbrot.c - a picture of the Mandelbrot set, painted by workers.
 *
 *     stint worker --plugin libmandelbrot.so &
 *     mandelbrot > mandelbrot.png
 *     mandelbrot 1920 1080 -0.5 0 3 500 > whole.png
 *
 * Cuts the picture into tiles, submits each as a task, puts together what
 * comes back, and writes it as PNG.  Master and key come from the environment
 * or this host's access file.
 */
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stint.h>

enum { TILE = 64, SIDE_MAX = 16384, WAIT_MS = 120000 };

/* What is painted: `span` is the width in the plane. */
struct view {
    int width, height;
    double re, im, span;
    int limit;
};

struct picture {
    struct view view;
    uint8_t *pixels;
};

static int
complain(const char *what, const char *why)
{
    fprintf(stderr, "mandelbrot: %s: %s\n", what, why);
    return 1;
}

static int
across(int length)
{
    return (length + TILE - 1) / TILE;
}

static int
shorter(int a, int b)
{
    return a < b ? a : b;
}

static int
submit_tile(struct stint_queue *q, const struct view *v, int x, int y,
    struct stint_future **out)
{
    double step = v->span / v->width;
    char text[256];
    int size = snprintf(text, sizeof text, "%.17g %.17g %.17g %d %d %d",
        v->re + (x - v->width / 2.0) * step,
        v->im - (y - v->height / 2.0) * step, step, shorter(TILE, v->width - x),
        shorter(TILE, v->height - y), v->limit);

    return stint_queue_submit(q, text, (size_t)size, NULL, out);
}

static int
place_tile(struct picture *p, int x, int y, struct stint_bytes tile)
{
    size_t columns = (size_t)shorter(TILE, p->view.width - x) * 3;
    size_t rows = (size_t)shorter(TILE, p->view.height - y);
    size_t width = (size_t)p->view.width * 3;

    if (tile.size != columns * rows)
        return complain("a tile", "its size is wrong");
    for (size_t row = 0; row < rows; row++)
        memcpy(p->pixels + ((size_t)y + row) * width + (size_t)x * 3,
            (const uint8_t *)tile.data + row * columns, columns);
    return 0;
}

/* All tiles are under way before the first one is waited for. */
static int
paint(struct stint_queue *q, struct picture *p)
{
    int columns = across(p->view.width), rows = across(p->view.height);
    int count = columns * rows, failed = 0;
    struct stint_future **f = calloc((size_t)count, sizeof *f);
    struct stint_bytes tile;

    if (f == NULL) return complain("memory", "not enough");
    for (int i = 0; i < count && !failed; i++)
        if (submit_tile(
                q, &p->view, i % columns * TILE, i / columns * TILE, &f[i])
            != 0)
            failed = complain("submit", stint_error_message());
    for (int i = 0; i < count && !failed; i++) {
        if (stint_future_get(f[i], &tile, WAIT_MS) != 0)
            failed = complain("a tile", stint_error_message());
        else
            failed =
                place_tile(p, i % columns * TILE, i / columns * TILE, tile);
        if ((i + 1) % columns == 0)
            fprintf(stderr, "%d of %d tiles\n", i + 1, count);
    }
    for (int i = 0; i < count; i++)
        stint_future_free(f[i]);
    free(f);
    return failed;
}

static int
write_png(const struct picture *p, FILE *to)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION,
        .width = (png_uint_32)p->view.width,
        .height = (png_uint_32)p->view.height,
        .format = PNG_FORMAT_RGB,
    };

    if (!png_image_write_to_stdio(&image, to, 0, p->pixels, 0, NULL))
        return complain("PNG", image.message);
    return fflush(to) == 0 ? 0 : complain("PNG", "cannot be written");
}

/* 0 for what is no number of pixels or steps. */
static int
whole(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    return *end != '\0' || n < 0 || n > 1000000 ? 0 : (int)n;
}

static int
read_view(int argc, char **argv, struct view *v)
{
    if (argc > 1) v->width = whole(argv[1]);
    if (argc > 2) v->height = whole(argv[2]);
    if (argc > 3) v->re = strtod(argv[3], NULL);
    if (argc > 4) v->im = strtod(argv[4], NULL);
    if (argc > 5) v->span = strtod(argv[5], NULL);
    if (argc > 6) v->limit = whole(argv[6]);
    if (v->width < 1 || v->width > SIDE_MAX || v->height < 1
        || v->height > SIDE_MAX || isatty(STDOUT_FILENO)) {
        fprintf(stderr, "usage: mandelbrot [WIDTH HEIGHT [RE IM [SPAN "
                        "[LIMIT]]]] > picture.png\n");
        return 64;
    }
    return 0;
}

int
main(int argc, char **argv)
{
    struct picture p = { .view = { 1280, 800, -0.7435, 0.1314, 0.0035, 2000 } };
    struct stint *s;
    struct stint_queue *q;
    int code = read_view(argc, argv, &p.view);

    if (code != 0) return code;
    p.pixels = calloc((size_t)p.view.width * (size_t)p.view.height, 3);
    if (p.pixels == NULL) return complain("memory", "not enough");
    if (stint_connect(NULL, &s) != 0)
        return complain("connect", stint_error_message());
    if (stint_queue_open(s, "default", NULL, &q) != 0)
        code = complain("open", stint_error_message());
    if (code == 0) code = paint(q, &p);
    if (stint_close(s) != 0 && code == 0)
        code = complain("close", stint_error_message());
    if (code == 0) code = write_png(&p, stdout);
    free(p.pixels);
    return code;
}
