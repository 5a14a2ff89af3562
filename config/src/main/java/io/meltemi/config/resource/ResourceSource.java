package io.meltemi.config.resource;

import io.meltemi.common.validation.Violation;
import java.util.List;

/** Where resources come from. */
public interface ResourceSource extends AutoCloseable {

  /** Takes what a source has to say; called by one thread at a time. */
  interface Listener {
    /** Takes one batch; what it does not mention stays as it was. */
    void update(List<Update> batch);
  }

  /**
   * What one place says now.
   *
   * @param location a file or another name of the place; never empty
   * @param documents everything the place says, in its order; replaces what it said before
   * @param problems what is wrong with the place itself, such as a syntax error
   * @param complete false when the place could not be read to its end: what it said before is kept,
   *     and the documents only count where it had said nothing yet
   */
  record Update(
      String location, List<Decoded> documents, List<Violation> problems, boolean complete) {
    public Update {
      documents = List.copyOf(documents);
      problems = List.copyOf(problems);
    }

    /** The place is gone, and all it said. */
    public static Update removed(String location) {
      return new Update(location, List.of(), List.of(), true);
    }
  }

  /**
   * Begins. The first batch, with everything there is, has been given to the listener on return.
   */
  void start(Listener listener);

  /** Ends; no call of the listener follows. May be called twice. */
  @Override
  void close();
}
