#pragma once

#include "api/api.h"
#include "api/key_ring.h"
#include "api/route.h"

/// The resources, one file each. Every function gives the routes of one resource; their handlers
/// use the dependencies, which outlive them.
namespace understudy::api {

Routes migration_routes(const Dependencies& dependencies);                    // migrations.cc
Routes mode_routes(const Dependencies& dependencies);                         // mode.cc
Routes difference_routes(const Dependencies& dependencies);                   // differences.cc
Routes rule_routes(const Dependencies& dependencies);                         // rules.cc
Routes error_routes(const Dependencies& dependencies);                        // errors.cc
Routes query_routes(const Dependencies& dependencies);                        // query.cc
Routes bubble_up_routes(const Dependencies& dependencies);                    // bubble_up.cc
Routes trace_routes(const Dependencies& dependencies);                        // traces.cc
Routes dataset_routes(const Dependencies& dependencies);                      // datasets.cc
Routes sql_routes(const Dependencies& dependencies);                          // sql.cc
Routes result_routes(const Dependencies& dependencies);                       // results.cc
Routes board_routes(const Dependencies& dependencies);                        // boards.cc
Routes flag_routes(const Dependencies& dependencies);                         // flags.cc
Routes segment_routes(const Dependencies& dependencies);                      // segments.cc
Routes evaluate_routes(const Dependencies& dependencies);                     // evaluate.cc
Routes marker_routes(const Dependencies& dependencies);                       // markers.cc
Routes stream_routes(const Dependencies& dependencies);                       // flag_stream.cc
Routes health_routes(const Dependencies& dependencies, const KeyRing& keys);  // health.cc
Routes metrics_routes(const Dependencies& dependencies);                      // metrics.cc
Routes reload_routes(const Dependencies& dependencies);                       // reload.cc
Routes key_routes(const Dependencies& dependencies, KeyRing& keys);           // keys.cc
Routes otlp_routes(const Dependencies& dependencies,
                   size_t body_bytes_max);  // otlp_logs.cc; the bound is of the decompressed body

}  // namespace understudy::api
