package io.meltemi.xds.client;

import java.util.List;

/** What a watcher did with an update. */
public sealed interface UpdateResult {
  UpdateResult ACCEPTED = new Accepted();

  /** Everything was applied. */
  record Accepted() implements UpdateResult {}

  /**
   * The named resources are unusable and keep their last good version; everything else in the
   * update was applied.
   *
   * @param rejections at least one
   */
  record Rejected(List<Rejection> rejections) implements UpdateResult {
    public Rejected {
      rejections = List.copyOf(rejections);
      if (rejections.isEmpty()) {
        throw new IllegalArgumentException("rejections is empty (expected: at least one)");
      }
    }
  }

  /**
   * One unusable resource.
   *
   * @param name of the resource
   * @param message every error found in it, naming field paths
   */
  record Rejection(String name, String message) {}

  /** Accepted when there is no rejection. */
  static UpdateResult of(List<Rejection> rejections) {
    return rejections.isEmpty() ? ACCEPTED : new Rejected(rejections);
  }
}
