#pragma once

#include <memory>
#include <string>

#include "base/task.h"
#include "flags/mode.h"
#include "http/message.h"
#include "proxy/body_tee.h"
#include "proxy/settlement.h"

namespace understudy::proxy {

/// A call nobody waits for: sends the request to the side that does not serve, or to control once
/// more, reads the answer within its bounds, and keeps of it what the exchange needs. Ends by
/// itself at its deadline. The gate was entered for `role`; `pass` is what it admitted a call to
/// the other side with, and the call gives it back. `head` is the outgoing head, used up before the
/// first wait. The body is either whole in `body` (also used up by then) or comes through `tee`.
base::Task<void> run_shadow_call(std::shared_ptr<Settlement> settlement, ShadowRole role,
                                 flags::Service service, ShadowGate::Pass pass,
                                 const http::RequestHead* head, std::string_view body,
                                 std::shared_ptr<BodyTee> tee);

}  // namespace understudy::proxy
