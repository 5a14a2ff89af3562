package io.meltemi.controlplane.gatewayapi;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Conditions while they are worked out: each holds until a problem is found. */
final class Conditions {
  static final String ACCEPTED = "Accepted";
  static final String PROGRAMMED = "Programmed";
  static final String CONFLICTED = "Conflicted";
  static final String RESOLVED_REFS = "ResolvedRefs";

  private final Map<String, State> states = new TreeMap<>();

  private record State(boolean good, String reason, String message, Optional<Problem> problem) {}

  /** A condition that is true unless a problem is found. */
  Conditions hold(String type, String reason, String message) {
    states.put(type, new State(true, reason, message, Optional.empty()));
    return this;
  }

  /** A condition whose normal state is false. */
  Conditions holdNot(String type, String reason, String message) {
    states.put(type, new State(false, reason, message, Optional.empty()));
    return this;
  }

  /** Keeps the outcome and says it otherwise. */
  void say(String type, String message) {
    State state = state(type);
    states.put(type, new State(state.good, state.reason, message, state.problem));
  }

  /** Turns a condition round; the last problem is the one told. */
  Conditions fail(String type, Problem problem) {
    State state = state(type);
    states.put(type, new State(state.good, state.reason, state.message, Optional.of(problem)));
    return this;
  }

  /** The message as it is now. */
  String message(String type) {
    return state(type).message;
  }

  private State state(String type) {
    State state = states.get(type);
    return state == null ? new State(true, "", "", Optional.empty()) : state;
  }

  /** A copy that goes its own way. */
  Conditions copy() {
    Conditions copy = new Conditions();
    copy.states.putAll(states);
    return copy;
  }

  /** The conditions sorted by type. */
  List<Condition> finish(long generation) {
    return states.entrySet().stream()
        .map(
            entry -> {
              State state = entry.getValue();
              return state
                  .problem
                  .map(
                      problem ->
                          new Condition(
                              entry.getKey(),
                              !state.good,
                              problem.reason(),
                              problem.message(),
                              generation))
                  .orElseGet(
                      () ->
                          new Condition(
                              entry.getKey(), state.good, state.reason, state.message, generation));
            })
        .toList();
  }
}
