package io.meltemi.proxy;

import io.meltemi.common.validation.Violation;
import java.util.List;
import java.util.stream.Collectors;

/** A proxy cannot start; the message has every reason, one a line. */
public final class ProxyStartException extends Exception {
  private static final long serialVersionUID = 1L;
  private final transient List<Violation> errors;

  ProxyStartException(List<Violation> errors) {
    super(errors.stream().map(Violation::toString).collect(Collectors.joining("\n")));
    this.errors = List.copyOf(errors);
  }

  /** Every reason. */
  public List<Violation> errors() {
    return errors;
  }
}
