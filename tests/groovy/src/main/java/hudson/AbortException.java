package hudson;

import java.io.IOException;

/** A failure whose message says it all; of the name that scripts see in Jenkins. */
public class AbortException extends IOException {
  private static final long serialVersionUID = 1;

  public AbortException(String message) {
    super(message);
  }
}
