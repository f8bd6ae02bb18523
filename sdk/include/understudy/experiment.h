#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "understudy/callable.h"
#include "understudy/client.h"
#include "understudy/detail/run.h"
#include "understudy/lift.h"

namespace understudy {

namespace detail {

/// A pair with its answers and the shadow's callable.
template <typename Answer, typename Callable>
class PairOf final : public Pair {
 public:
  PairOf(std::shared_ptr<ExperimentCore> core, bool keeps_answers, Callable shadow)
      : Pair(std::move(core), keeps_answers), callable_(std::move(shadow)) {}

  /// Caller's thread, before finish_main: keeps what the comparison needs of the main answer.
  void keep_main(const Answer& answer) noexcept {
    if (!keeps_answers()) return;
    try {
      if (size_of_answer(answer) > answer_bytes_max()) {
        main_status_ = LiftStatus::kTooLarge;
      } else if constexpr (std::copy_constructible<Answer>) {
        main_.emplace(answer);
        main_status_ = LiftStatus::kLifted;
      } else {
        lift_answer(answer, main_lifted_.emplace());
        main_status_ = LiftStatus::kLifted;
      }
    } catch (...) {
      main_status_ = LiftStatus::kFailed;
    }
  }

 private:
  void call_shadow(const Deadline& deadline, std::optional<Failure>& failure) override {
    Answer answer = call(*callable_, deadline);
    failure = failure_of(answer);
    if (keeps_answers() && !failure) shadow_.emplace(std::move(answer));
    callable_.reset();  // frees the captures as soon as they are not needed
  }
  void drop_shadow_answer() noexcept override { shadow_.reset(); }
  LiftStatus lift(bool main_side, Lifted& out) override {
    if (main_side) {
      if (main_status_ != LiftStatus::kLifted) return main_status_;
      if (main_lifted_) {
        out = std::move(*main_lifted_);
        return LiftStatus::kLifted;
      }
      return lift_kept(*main_, out);
    }
    return shadow_ ? lift_kept(*shadow_, out) : LiftStatus::kFailed;
  }
  LiftStatus lift_kept(const Answer& answer, Lifted& out) {
    if (size_of_answer(answer) > answer_bytes_max()) return LiftStatus::kTooLarge;
    lift_answer(answer, out);
    return LiftStatus::kLifted;
  }

  std::optional<Callable> callable_;
  std::optional<Answer> main_;
  std::optional<Lifted> main_lifted_;
  LiftStatus main_status_ = LiftStatus::kFailed;
  std::optional<Answer> shadow_;
};

}  // namespace detail

/// One place in a program where an old and a new implementation stand side by side.
/// `run` calls the side or sides that the migration's mode asks for and returns the main side's
/// answer, or throws what it threw, unchanged. In a shadow mode the other side runs at the same
/// time on the client's executor; `run` never waits for it, and nothing it does reaches the caller.
/// The answers are compared later, on a thread of the client, with the rules of the flag
/// `<migration>.compare`.
///
/// Callables take nothing, or the request, and last a `const Deadline&` if they want it. They are
/// kept until the shadow is done, which may be after `run` returned; therefore a closure that
/// captures by reference does not compile. Capture by value what belongs to the call, by pointer
/// what outlives the client, or pass the request to the second form of `run`.
///
/// Failure: what the library itself cannot do (no memory, no room) is counted and the main side is
/// served. Ownership: shares the client's core. Threads: any number may call `run` at once; the
/// callables of one run may be called from two threads at once.
/// Cost: control_only and candidate_only well below a microsecond beyond the callable; a shadow
/// mode adds one hand-over to a thread, and a compared one a copy of the answer (free for a
/// std::shared_ptr).
template <typename Answer>
class Experiment {
  static_assert(std::is_object_v<Answer> && std::move_constructible<Answer>);
  static_assert(detail::is_liftable<Answer>(),
                "Answer cannot be compared: write `void lift(const Answer&, understudy::Table&)` "
                "beside it or specialise understudy::LiftTraits<Answer>");

 public:
  Experiment(const Client& client, ExperimentOptions options)
      : core_(std::make_shared<detail::ExperimentCore>(client.core(), std::move(options))) {}

  /// Runs callables that hold what they need.
  template <typename Control, typename Candidate>
  requires(detail::CallableWith<Control>&& detail::CallableWith<Candidate>) Answer
      run(const Subject& subject, Control control, Candidate candidate) {
    check<Control>();
    check<Candidate>();
    detail::Run run = core_->begin(subject);
    return run.main == Side::kControl ? serve(run, control, candidate, NoFallback{})
                                      : serve(run, candidate, control, control);
  }

  /// Runs callables on a request that is kept, once, for as long as either side needs it.
  template <typename Request, typename Control, typename Candidate>
  requires(detail::CallableWith<Control, Request>&& detail::CallableWith<Candidate, Request>) Answer
      run(const Subject& subject, Request request, Control control, Candidate candidate) {
    check<Control>();
    check<Candidate>();
    detail::Run run = core_->begin(subject);
    if (run.shadowed) {
      std::shared_ptr<const Request> kept;
      try {
        kept = std::make_shared<const Request>(std::move(request));
      } catch (...) {
        // Without memory for the shadow: what could not be allocated was not moved from either.
        run.shadowed = false;
        run.refused = "no_memory";
      }
      if (kept) {
        Bound<Request, Control> on_control{kept, std::move(control)};
        Bound<Request, Candidate> on_candidate{kept, std::move(candidate)};
        return run.main == Side::kControl ? serve(run, on_control, on_candidate, NoFallback{})
                                          : serve(run, on_candidate, on_control, on_control);
      }
    }
    auto on_control = [&](const Deadline& deadline) -> Answer {
      return detail::call(control, deadline, std::as_const(request));
    };
    auto on_candidate = [&](const Deadline& deadline) -> Answer {
      return detail::call(candidate, deadline, std::as_const(request));
    };
    return run.main == Side::kControl ? serve_alone(run, on_control, NoFallback{})
                                      : serve_alone(run, on_candidate, on_control);
  }

 private:
  struct NoFallback {};
  struct NoPair {
    void keep_main(const Answer&) {}
  };

  template <typename Request, typename Callable>
  struct Bound {
    std::shared_ptr<const Request> request;
    Callable callable;
    Answer operator()(const Deadline& deadline) {
      return detail::call(callable, deadline, *request);
    }
  };

  template <typename Callable>
  static constexpr void check() {
    static_assert(detail::may_outlive_caller<Callable>,
                  "this callable captures by reference, and as a shadow it may still run after "
                  "run() returned: capture by value (or by pointer what outlives the client), use "
                  "run(subject, request, control, candidate), or wrap it in understudy::owned()");
  }

  /// Calls `main` for the caller and, when the run asks for it, `shadow` beside it.
  template <typename Main, typename Shadow, typename Second>
  Answer serve(detail::Run& run, Main& main, Shadow& shadow, Second&& second) {
    if (run.shadowed) {
      using Kept = detail::PairOf<Answer, Shadow>;
      std::shared_ptr<Kept> pair;
      try {
        pair = std::make_shared<Kept>(core_, run.mode != Mode::kFireAndForget, give(shadow));
      } catch (...) {
        run.refused = "no_memory";
      }
      const bool started = pair && core_->start_shadow(run, pair);
      if (!started) run.shadowed = false;
      if constexpr (!std::copy_constructible<Shadow>) {  // it was moved: nothing to fall back to
        NoFallback nothing;
        return started ? serve_main(run, main, nothing, *pair) : serve_alone(run, main, nothing);
      } else if (started) {
        return serve_main(run, main, second, *pair);
      }
    }
    return serve_alone(run, main, second);
  }

  template <typename Main, typename Second>
  Answer serve_alone(detail::Run& run, Main& main, Second&& second) {
    NoPair none;
    return serve_main(run, main, second, none);
  }

  template <typename Main, typename Second, typename Kept>
  Answer serve_main(detail::Run& run, Main& main, Second& second, Kept& pair) {
    detail::Call& call = run.call(run.main);
    call.called = true;
    call.start_ns = core_->now_ns();
    try {
      Answer answer = detail::call(main, Deadline{});
      call.end_ns = core_->now_ns();
      call.failure = failure_value(answer);
      if (!call.failure || !may_fall_back<Second>(run)) {
        if (!call.failure) pair.keep_main(answer);
        run.served_by = run.main;
        finish(run, pair);
        return answer;
      }
    } catch (...) {
      call.end_ns = core_->now_ns();
      call.failure = core_->describe_exception();
      if (!may_fall_back<Second>(run)) {
        finish(run, pair);
        throw;
      }
    }
    return fall_back(run, second, pair);
  }

  /// The candidate failed the caller: control answers instead.
  template <typename Second, typename Kept>
  Answer fall_back(detail::Run& run, Second& second, Kept& pair) {
    if constexpr (std::same_as<std::remove_cvref_t<Second>, NoFallback>) {
      std::terminate();  // may_fall_back() is false for it
    } else {
      detail::Call call;
      call.called = true;
      call.start_ns = core_->now_ns();
      try {
        Answer answer = detail::call(second, Deadline{});
        call.end_ns = core_->now_ns();
        call.failure = failure_value(answer);
        run.served_by = run.shadow();
        run.call(run.shadow()) = std::move(call);
        finish(run, pair);
        return answer;
      } catch (...) {
        call.end_ns = core_->now_ns();
        call.failure = core_->describe_exception();
        run.call(run.shadow()) = std::move(call);
        finish(run, pair);
        throw;
      }
    }
  }

  template <typename Second>
  bool may_fall_back(const detail::Run& run) const {
    return !std::same_as<std::remove_cvref_t<Second>, NoFallback> && run.repeatable &&
           core_->options().fallback == Fallback::kControl;
  }

  void finish(detail::Run& run, NoPair&) noexcept { core_->finish_alone(std::move(run)); }
  void finish(detail::Run& run, detail::Pair& pair) noexcept { pair.finish_main(std::move(run)); }

  /// A copy when there can be one, so that the fallback still has the original.
  template <typename Shadow>
  static Shadow give(Shadow& shadow) {
    if constexpr (std::copy_constructible<Shadow>) {
      return shadow;
    } else {
      return std::move(shadow);
    }
  }

  static std::unique_ptr<Failure> failure_value(const Answer& answer) noexcept {
    try {
      if (auto failure = detail::failure_of(answer)) {
        return std::make_unique<Failure>(std::move(*failure));
      }
    } catch (...) {
      // A customisation that throws says nothing about the answer.
    }
    return nullptr;
  }

  std::shared_ptr<detail::ExperimentCore> core_;
};

}  // namespace understudy
