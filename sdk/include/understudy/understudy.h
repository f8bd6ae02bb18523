#pragma once

/// Everything a program needs to run experiments.
#include "understudy/callable.h"
#include "understudy/client.h"
#include "understudy/counters.h"
#include "understudy/deadline.h"
#include "understudy/experiment.h"
#include "understudy/lift.h"
#include "understudy/mode.h"
#include "understudy/table.h"
