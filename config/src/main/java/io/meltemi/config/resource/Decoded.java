package io.meltemi.config.resource;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import java.util.List;

/** What became of one document. */
public sealed interface Decoded {
  /** Where the document begins. */
  Origin origin();

  /** A resource that can be used. */
  record Accepted(Resource<?> resource, List<Violation> warnings) implements Decoded {
    public Accepted {
      warnings = List.copyOf(warnings);
    }

    @Override
    public Origin origin() {
      return resource.origin();
    }
  }

  /** A resource that is known by name but has errors. */
  record Rejected(
      ResourceKind<?> kind,
      ResourceName id,
      Origin origin,
      List<Violation> errors,
      List<Violation> warnings)
      implements Decoded {
    public Rejected {
      errors = List.copyOf(errors);
      warnings = List.copyOf(warnings);
    }
  }

  /** Not recognised as a resource: no kind, no name, or not an object. */
  record Unreadable(Origin origin, List<Violation> errors) implements Decoded {
    public Unreadable {
      errors = List.copyOf(errors);
    }
  }

  /** A resource of a kind that is not understood; it has no effect. */
  record UnknownKind(Origin origin, Violation warning) implements Decoded {}
}
