package io.meltemi.proxy.rbac;

import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.matcher.RuleCandidates;
import java.util.List;

/**
 * A set of policies in force. The first that takes a request is the effective one; policies are in
 * the byte order of their names, as in Envoy. Immutable.
 */
public final class RbacEngine implements AccessEngine {
  /** Up to so many policies are tried one after the other: an index would not pay. */
  private static final int SCANNED_MAX = 8;

  /** What follows from a match. */
  public enum Action {
    /** Allowed when a policy matches. */
    ALLOW,
    /** Allowed when none matches. */
    DENY,
    /** Always allowed; the access log learns whether one matches. */
    LOG
  }

  /**
   * @param condition permissions and principals, as written
   */
  record Policy(String name, Condition condition) {}

  private final Action action;
  private final List<String> names;
  private final List<Condition> conditions;
  private final List<ConditionIndex> index;

  /**
   * @param policies in the byte order of their names
   */
  RbacEngine(Action action, List<Policy> policies) {
    this(action, policies, SCANNED_MAX);
  }

  RbacEngine(Action action, List<Policy> policies, int scannedMax) {
    this.action = action;
    this.names = policies.stream().map(Policy::name).toList();
    List<Condition> simple =
        policies.stream().map(policy -> Compiler.simplify(policy.condition())).toList();
    this.conditions = simple.stream().map(Compiler::compile).toList();
    this.index = policies.size() <= scannedMax ? List.of() : List.of(new ConditionIndex(simple));
  }

  @Override
  public boolean tellsLog(int match) {
    return action == Action.LOG;
  }

  @Override
  public boolean isLogged(int match) {
    return match != NONE;
  }

  @Override
  public int size() {
    return names.size();
  }

  @Override
  public String name(int policy) {
    return names.get(policy);
  }

  @Override
  public boolean allows(int match) {
    return switch (action) {
      case ALLOW -> match != NONE;
      case DENY -> match == NONE;
      case LOG -> true;
    };
  }

  @Override
  public int match(AccessRequest request, MatchTrace trace) {
    if (index.isEmpty()) {
      for (int i = 0; i < conditions.size(); i++) {
        if (holds(i, request, trace)) {
          return i;
        }
      }
      return NONE;
    }
    RuleCandidates candidates = RuleCandidates.borrow(conditions.size());
    try {
      index.getFirst().collect(request, candidates);
      int tried = 0;
      for (int i = candidates.next(); i >= 0; i = candidates.next()) {
        skipped(tried, i, trace);
        tried = i + 1;
        if (holds(i, request, trace)) {
          return i;
        }
      }
      skipped(tried, conditions.size(), trace);
      return NONE;
    } finally {
      candidates.release();
    }
  }

  private boolean holds(int policy, AccessRequest request, MatchTrace trace) {
    if (!trace.isRecording()) {
      return conditions.get(policy).holds(request, trace);
    }
    trace.enter("policy " + names.get(policy), "");
    boolean held = conditions.get(policy).holds(request, trace);
    trace.exit();
    return trace.result(held, "policy " + names.get(policy), "");
  }

  private void skipped(int from, int to, MatchTrace trace) {
    if (trace.isRecording() && from < to) {
      trace.failed(
          to - from == 1
              ? "policy " + names.get(from)
              : to - from + " policies from " + names.get(from) + " to " + names.get(to - 1),
          "by index: the request lacks what they ask for");
    }
  }
}
