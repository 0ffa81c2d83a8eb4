/**
 * survey.h - what the workers of a queue say to a task.         [layer: core]
 */
#ifndef SURVEY_H
#define SURVEY_H

#include "master/core/because.h"
#include "master/core/inside.h"

/** Tell what about the workers keeps a task of `q`, or of its job (may be
 * NULL), from running; nothing if one could have it at once. */
void survey_workers(struct because *b, const struct core *core,
    const struct queue *q, const struct job *job);

#endif
