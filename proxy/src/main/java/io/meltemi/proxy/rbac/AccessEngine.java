package io.meltemi.proxy.rbac;

import io.meltemi.proxy.matcher.MatchTrace;

/** Rules in force, as policies or as a tree of questions. Immutable. */
sealed interface AccessEngine permits RbacEngine, RbacMatchEngine {
  /** What {@link #match} answers when nothing takes the request. */
  int NONE = -1;

  /** How many policies or actions there are. */
  int size();

  /** The name of a policy or action by its number. */
  String name(int match);

  /** Whether a request may pass, by what {@link #match} answered for it. */
  boolean allows(int match);

  /** Whether the access log learns of the outcome, by what {@link #match} answered. */
  boolean tellsLog(int match);

  /** Whether the access log is told to write the request, by what {@link #match} answered. */
  boolean isLogged(int match);

  /** The number of what takes the request, or {@link #NONE}. */
  int match(AccessRequest request, MatchTrace trace);
}
