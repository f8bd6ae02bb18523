#include "ingest/otlp_json_logs.h"
