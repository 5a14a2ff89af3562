package io.meltemi.config.kind.authorizationpolicy;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.traffic.TargetRef;
import java.util.List;
import java.util.Optional;

/**
 * Who may do what to a workload (kind {@code AuthorizationPolicy}).
 *
 * @param selector unset means every workload of the namespace
 * @param targets what it is bound to instead of workloads
 * @param rules any of them; none means that nothing ever matches
 * @param provider who decides with {@link Action#CUSTOM}, else empty
 */
public record AuthorizationPolicy(
    Optional<Labels> selector,
    List<TargetRef> targets,
    Action action,
    List<Rule> rules,
    String provider) {

  /** What happens to a request that matches. */
  public enum Action {
    ALLOW,
    DENY,
    /** It is marked for the log. */
    AUDIT,
    /** A provider is asked. */
    CUSTOM
  }

  /**
   * What must hold together.
   *
   * @param from any of them; empty means anyone
   * @param to any of them; empty means anything
   * @param when all of them
   */
  public record Rule(List<Source> from, List<Operation> to, List<Condition> when) {
    public Rule {
      from = List.copyOf(from);
      to = List.copyOf(to);
      when = List.copyOf(when);
    }
  }

  /** One of {@code values} if there are any, and none of {@code notValues}. */
  public record Values(List<String> values, List<String> notValues) {
    public Values {
      values = List.copyOf(values);
      notValues = List.copyOf(notValues);
    }

    public boolean isEmpty() {
      return values.isEmpty() && notValues.isEmpty();
    }
  }

  /**
   * Who calls; all fields that are set must hold.
   *
   * @param workload by its certificate
   * @param requestPrincipals {@code issuer/subject} of its token
   * @param ipBlocks address of the peer
   * @param remoteIpBlocks address of the client before all proxies
   */
  public record Source(
      Workload workload, Values requestPrincipals, Values ipBlocks, Values remoteIpBlocks) {}

  /**
   * A workload by its certificate.
   *
   * @param principals {@code domain/ns/namespace/sa/account}
   * @param serviceAccounts {@code namespace/account} or {@code account}
   */
  public record Workload(
      Values principals, Values serviceAccounts, Values namespaces, Values trustDomains) {}

  /** What is asked; all fields that are set must hold. */
  public record Operation(Values hosts, Values ports, Values methods, Values paths) {}

  /** An attribute by its key. */
  public record Condition(String key, Values values) {}

  public AuthorizationPolicy {
    targets = List.copyOf(targets);
    rules = List.copyOf(rules);
  }
}
