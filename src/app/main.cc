#include "app/cli/command_line.h"

int main(int argc, char** argv) { return understudy::app::run_process(argc, argv); }
