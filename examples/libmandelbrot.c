/*
 * libmandelbrot.c - a plug-in that paints tiles of the Mandelbrot set.
 *
 *     cc -O2 -shared -fPIC libmandelbrot.c -o libmandelbrot.so
 *     stint worker --plugin ./libmandelbrot.so
 *
 * The payload is "LEFT TOP STEP COLUMNS ROWS LIMIT" as text, the result the
 * pixels, three bytes each.  Only sums, products and quotients are used, so
 * that every machine paints the same picture to the last bit.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <stint.h>

enum { SIDE_MAX = 256, SAMPLES = 3, CHANNELS = 3 };

static const double FAR = 1e6; /* |z|^2 from which a point has escaped. */

struct tile {
    double left, top, step;
    int columns, rows, limit;
};

/* A colour at a place between 0 and 1 of a wheel that closes. */
static const struct {
    double place, channel[CHANNELS];
} wheel[] = {
    { 0.0, { 0, 7, 100 } },
    { 0.16, { 32, 107, 203 } },
    { 0.42, { 237, 255, 255 } },
    { 0.6425, { 255, 170, 0 } },
    { 0.8575, { 60, 20, 10 } },
    { 1.0, { 0, 7, 100 } },
};

/* Within 0.01 of log2(x), for x > 0. */
static double
rough_log2(double x)
{
    int exponent;
    double m = 2 * frexp(x, &exponent);

    return exponent - 1 + (2 - m / 3) * m - 5.0 / 3;
}

/* How soon the point escapes, without steps; negative if it does not. */
static double
escape_time(double re, double im, int limit)
{
    double x = 0, y = 0, xx = 0, yy = 0;

    for (int i = 0; i < limit; i++) {
        y = 2 * x * y + im;
        x = xx - yy + re;
        xx = x * x;
        yy = y * y;
        if (xx + yy > FAR)
            return i + 1 - rough_log2(rough_log2(xx + yy) / rough_log2(FAR));
    }
    return -1;
}

static void
add_colour(double sum[CHANNELS], double time)
{
    if (time < 0) return; /* Of the set itself: black. */
    double turn = time / 64;
    double place = turn - (double)(long)turn;
    size_t i = 1;
    while (place > wheel[i].place)
        i++;
    double share =
        (place - wheel[i - 1].place) / (wheel[i].place - wheel[i - 1].place);
    for (int c = 0; c < CHANNELS; c++)
        sum[c] += wheel[i - 1].channel[c]
                  + share * (wheel[i].channel[c] - wheel[i - 1].channel[c]);
}

/* The mean of SAMPLES x SAMPLES points of the pixel. */
static void
paint_pixel(const struct tile *t, int column, int row, uint8_t *pixel)
{
    double sum[CHANNELS] = { 0 }, step = t->step / SAMPLES;
    double left = t->left + column * t->step, top = t->top - row * t->step;

    for (int i = 0; i < SAMPLES * SAMPLES; i++)
        add_colour(sum, escape_time(left + i % SAMPLES * step,
                            top - (double)(i / SAMPLES) * step, t->limit));
    for (int c = 0; c < CHANNELS; c++)
        pixel[c] = (uint8_t)(sum[c] / (SAMPLES * SAMPLES) + 0.5);
}

static int
paint(struct stint_call *call)
{
    static _Thread_local uint8_t pixels[SIDE_MAX * SIDE_MAX * CHANNELS];
    struct stint_bytes payload = stint_call_payload(call);
    char text[256] = "";
    struct tile t;

    if (payload.size >= sizeof text)
        return stint_call_fail(call, "%zu bytes are no tile", payload.size);
    memcpy(text, payload.data, payload.size);
    if (sscanf(text, "%lf %lf %lf %d %d %d", &t.left, &t.top, &t.step,
            &t.columns, &t.rows, &t.limit)
            != 6
        || t.columns < 1 || t.columns > SIDE_MAX || t.rows < 1
        || t.rows > SIDE_MAX)
        return stint_call_fail(call, "'%s' is no tile", text);

    for (int row = 0; row < t.rows; row++) {
        if (stint_call_cancelled(call))
            return stint_call_fail(call, "told to stop");
        for (int column = 0; column < t.columns; column++)
            paint_pixel(&t, column, row,
                &pixels[(row * t.columns + column) * CHANNELS]);
    }
    return stint_call_result(
        call, pixels, (size_t)t.rows * (size_t)t.columns * CHANNELS);
}

const struct stint_handler stint_handlers[] = { { "paint", paint }, { 0 } };
