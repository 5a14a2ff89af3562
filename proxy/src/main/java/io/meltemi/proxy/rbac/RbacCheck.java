package io.meltemi.proxy.rbac;

import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.DynamicMetadata;
import io.meltemi.proxy.telemetry.StatScope;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Decides with the rules of a filter and reports each decision: stats, and fields in dynamic
 * metadata. Shared by event loops. Allocates nothing for a decision like an earlier one.
 */
public final class RbacCheck {
  private static final String COMMON = "envoy.common";
  private static final Map<String, Object> LOGGED = Map.of("access_log_hint", true);
  private static final Map<String, Object> NOT_LOGGED = Map.of("access_log_hint", false);

  private final Optional<Report> enforced;
  private final Optional<Report> shadow;
  private final String namespace;
  private final boolean tellsEnforced;

  /**
   * @param scope of the connection manager or, for a network filter, of its prefix
   */
  public RbacCheck(RbacRules rules, RbacLabels labels, StatScope scope) {
    this.namespace = labels.namespace();
    this.tellsEnforced = labels.tellsEnforced();
    String rulesPrefix = join("rbac.", labels.stats().rules());
    String shadowPrefix = join("rbac.", labels.stats().shadow());
    Counters enforcedCounters = new Counters(scope, rulesPrefix, "", labels.perPolicy());
    Counters shadowCounters = new Counters(scope, shadowPrefix, "shadow_", labels.perPolicy());
    this.enforced =
        rules
            .enforced()
            .map(engine -> new Report(engine, enforcedCounters, labels.fields().rules()));
    this.shadow =
        rules.shadow().map(engine -> new Report(engine, shadowCounters, labels.fields().shadow()));
  }

  /** A name behind a prefix, a dot between them unless the prefix ends in one or is empty. */
  private static String join(String prefix, String name) {
    return prefix.isEmpty() || prefix.endsWith(".") ? prefix + name : prefix + "." + name;
  }

  /** The stats of one set of rules. */
  private static final class Counters {
    private final StatScope scope;
    private final String prefix;
    private final String kind;
    private final boolean perPolicy;
    private final Counter allowed;
    private final Counter denied;

    Counters(StatScope scope, String prefix, String kind, boolean perPolicy) {
      this.scope = scope;
      this.prefix = prefix;
      this.kind = kind;
      this.perPolicy = perPolicy;
      this.allowed = scope.counter(join(prefix, kind + "allowed"));
      this.denied = scope.counter(join(prefix, kind + "denied"));
    }

    Counter ofPolicy(String policy, boolean allows) {
      return scope.counter(
          join(prefix, "policy.") + policy + "." + kind + (allows ? "allowed" : "denied"));
    }
  }

  /** What is told about one policy when it was the effective one. */
  private record Told(Map<String, Object> fields, String details, Optional<Counter> counter) {}

  /** One set of rules, and what is told about each policy, made when first needed. */
  private static final class Report {
    private final AccessEngine engine;
    private final Counters counters;
    private final String prefix;

    /** By the number of the policy plus one. */
    private final AtomicReferenceArray<@Nullable Told> told;

    Report(AccessEngine engine, Counters counters, String fieldPrefix) {
      this.engine = engine;
      this.counters = counters;
      this.prefix = fieldPrefix + (counters.kind.isEmpty() ? "enforced_" : counters.kind);
      this.told = new AtomicReferenceArray<>(engine.size() + 1);
    }

    Told told(int policy, boolean allows) {
      Told known = told.get(policy + 1);
      if (known == null) {
        known = tell(policy, allows);
        told.set(policy + 1, known);
      }
      return known;
    }

    private Told tell(int policy, boolean allows) {
      String result = allows ? "allowed" : "denied";
      String resultField = prefix + "engine_result";
      if (policy == AccessEngine.NONE) {
        return new Told(Map.of(resultField, result), details("none"), Optional.empty());
      }
      String name = engine.name(policy);
      return new Told(
          Map.of(prefix + "effective_policy_id", name, resultField, result),
          details(name),
          counters.perPolicy ? Optional.of(counters.ofPolicy(name, allows)) : Optional.empty());
    }

    /** Blanks would break a log line into other pieces. */
    private static String details(String policy) {
      return "rbac_access_denied_matched_policy["
          + policy.replaceAll("[ \\t\\n\\x0B\\f\\r]", "_")
          + "]";
    }

    Told decide(int policy) {
      boolean allows = engine.allows(policy);
      (allows ? counters.allowed : counters.denied).inc();
      Told about = told(policy, allows);
      if (about.counter.isPresent()) {
        about.counter.get().inc();
      }
      return about;
    }
  }

  /**
   * Decides a request and reports it.
   *
   * @param metadata where the outcome is told
   * @return null when it may pass, otherwise the details of the response or connection
   */
  public @Nullable String deny(AccessRequest request, DynamicMetadata metadata) {
    // told only when both are decided: rules do not see what the same filter reports, as in Envoy
    Told aboutShadow = null;
    if (shadow.isPresent()) {
      Report report = shadow.get();
      aboutShadow = report.decide(report.engine.match(request, MatchTrace.NONE));
    }
    String details = null;
    if (enforced.isPresent()) {
      Report report = enforced.get();
      int policy = report.engine.match(request, MatchTrace.NONE);
      if (report.engine.tellsLog(policy)) {
        metadata.add(COMMON, report.engine.isLogged(policy) ? LOGGED : NOT_LOGGED);
      }
      Told about = report.decide(policy);
      if (tellsEnforced) {
        metadata.add(namespace, about.fields);
      }
      details = report.engine.allows(policy) ? null : about.details;
    }
    if (aboutShadow != null) {
      metadata.add(namespace, aboutShadow.fields);
    }
    return details;
  }
}
