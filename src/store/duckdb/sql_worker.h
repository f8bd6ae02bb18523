#pragma once

namespace understudy::store {

/// The process that runs one statement: our executable again, started by run_in_process with one
/// socket (kSqlWorkerSocket) and nothing else. It gives up what it does not need before it hears
/// what to run: it cannot write files or dump core, has bounds of processor time, memory and
/// descriptors of its own, comes last for the processor and first when the system is out of memory,
/// and ends with the thread that started it. Gives the exit status.
int run_sql_worker();

}  // namespace understudy::store
