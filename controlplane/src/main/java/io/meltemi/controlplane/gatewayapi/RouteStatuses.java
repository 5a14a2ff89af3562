package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.kind.gatewayapi.ParentRef;
import io.meltemi.config.resource.Resource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The status of a route: one entry for each of its references to parents of ours. */
final class RouteStatuses {
  private RouteStatuses() {}

  /**
   * The status of one route.
   *
   * @param problem what is wrong with the rules of an attachment
   */
  static ObjectStatus of(
      Resource<?> route,
      List<Attachment> attachments,
      Function<Attachment, Optional<Problem>> problem) {
    Map<ParentRef, List<Attachment>> byRef = new LinkedHashMap<>();
    for (Attachment attachment : attachments) {
      byRef.computeIfAbsent(attachment.ref(), _ -> new ArrayList<>()).add(attachment);
    }
    List<ObjectStatus.Parent> parents = new ArrayList<>();
    byRef.forEach(
        (ref, all) ->
            parents.add(
                new ObjectStatus.Parent(
                    ref,
                    GatewayClasses.GATEWAY_CONTROLLER,
                    conditions(all, problem).finish(route.metadata().generation()))));
    parents.sort(
        Comparator.<ObjectStatus.Parent, String>comparing(
                parent -> Attachments.text(parent.ref(), route.namespace()))
            .reversed());
    return new ObjectStatus(route, new ObjectStatus.OfRoute(parents));
  }

  private static Conditions conditions(
      List<Attachment> all, Function<Attachment, Optional<Problem>> problem) {
    long good = all.stream().filter(a -> a.denied().isEmpty()).count();
    Conditions conditions =
        new Conditions()
            .hold(
                Conditions.ACCEPTED,
                "Accepted",
                good > 1 ? "Route was valid, bound to " + good + " parents" : "Route was valid")
            .hold(Conditions.RESOLVED_REFS, "ResolvedRefs", "All references resolved");
    problem.apply(all.getFirst()).ifPresent(p -> conditions.fail(Conditions.RESOLVED_REFS, p));
    denial(all)
        .ifPresent(
            denial ->
                conditions.fail(
                    Conditions.ACCEPTED, new Problem(denial.reason().name(), denial.message())));
    return conditions;
  }

  /** Nothing when one listener takes the route, else every message of the gravest reason. */
  private static Optional<Attachment.Denial> denial(List<Attachment> all) {
    if (all.stream().anyMatch(attachment -> attachment.denied().isEmpty())) {
      return Optional.empty();
    }
    List<Attachment.Denial> denials =
        all.stream().flatMap(attachment -> attachment.denied().stream()).toList();
    Attachment.Reason reason =
        denials.stream()
            .map(Attachment.Denial::reason)
            .min(Comparator.naturalOrder())
            .orElse(Attachment.Reason.NoMatchingParent);
    return Optional.of(
        new Attachment.Denial(
            reason,
            String.join(
                "; ",
                denials.stream()
                    .filter(denial -> denial.reason() == reason)
                    .map(Attachment.Denial::message)
                    .toList())));
  }
}
