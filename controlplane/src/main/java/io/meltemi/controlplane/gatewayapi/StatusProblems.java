package io.meltemi.controlplane.gatewayapi;

import io.meltemi.common.validation.Violation;
import io.meltemi.config.kind.gatewayapi.ParentRef;
import io.meltemi.config.store.Problem;
import java.util.ArrayList;
import java.util.List;

/** Statuses that say no, as things for a person to mend. */
public final class StatusProblems {
  private StatusProblems() {}

  /**
   * What is not accepted, and which references lead nowhere; whether a gateway is programmed is
   * left out, since that takes a while by itself.
   */
  public static List<Problem> of(List<ObjectStatus> statuses) {
    List<Problem> problems = new ArrayList<>();
    for (ObjectStatus status : statuses) {
      switch (status.content()) {
        case ObjectStatus.OfClass(List<Condition> conditions) ->
            add(problems, status, "status", conditions);
        case ObjectStatus.OfGateway gateway -> {
          add(problems, status, "status", gateway.conditions());
          listeners(problems, status, gateway.listeners());
        }
        case ObjectStatus.OfListenerSet set -> {
          add(problems, status, "status", set.conditions());
          listeners(problems, status, set.listeners());
        }
        case ObjectStatus.OfRoute(List<ObjectStatus.Parent> parents) ->
            parents.forEach(
                parent ->
                    add(
                        problems,
                        status,
                        "spec.parentRefs[" + name(parent.ref()) + "]",
                        parent.conditions()));
        case ObjectStatus.OfPolicy(List<ObjectStatus.Ancestor> ancestors) ->
            ancestors.forEach(
                ancestor ->
                    add(
                        problems,
                        status,
                        "spec.targetRefs[" + name(ancestor.ref()) + "]",
                        ancestor.conditions()));
        case ObjectStatus.OfIngress _ -> {}
      }
    }
    return problems;
  }

  private static void listeners(
      List<Problem> problems, ObjectStatus status, List<ObjectStatus.OfListener> listeners) {
    listeners.forEach(
        listener ->
            add(
                problems,
                status,
                "spec.listeners[" + listener.name() + "]",
                listener.conditions()));
  }

  private static String name(ParentRef ref) {
    return ref.effectiveKind() + " " + ref.name();
  }

  private static void add(
      List<Problem> problems, ObjectStatus status, String path, List<Condition> conditions) {
    for (Condition condition : conditions) {
      boolean told =
          condition.type().equals(Conditions.ACCEPTED)
              || condition.type().equals(Conditions.RESOLVED_REFS);
      if (told && !condition.status()) {
        problems.add(
            new Problem(
                Problem.Severity.WARNING,
                status.object().toString(),
                new Violation(
                    status.object().origin(),
                    path,
                    condition.message() + " (" + condition.reason() + ")",
                    condition.type() + " to be true")));
      }
    }
  }
}
