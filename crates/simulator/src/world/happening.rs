//! One thing that happens in the world: who did what, when and from where, before any service has written it down.
//! Small and plain, because a million of them are held while history is made.
//! Deliberately absent: ids and texts of any service.

use super::Address;

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Happening {
    /// When, in microseconds since 1970.
    pub(crate) at: i64,
    /// What.
    pub(crate) kind: Kind,
    /// Who.
    pub(crate) who: Who,
    /// Into which application, by position (of a machine, for machines).
    pub(crate) application: u8,
    /// From where.
    pub(crate) origin: Origin,
    /// The same for all that belongs to one visit.
    pub(crate) visit: u64,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The address.
    pub(crate) address: Address,
    /// The city, as a number of `places::place`.
    pub(crate) place: u8,
    /// The device, as a number of `devices::device`.
    pub(crate) device: u8,
    /// 0 to 100: how strange the service finds it.
    pub(crate) risk: u8,
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Somebody with an account, by position.
    Person(u32),
    /// Somebody who tried an account that does not exist.
    Stranger(u32),
    /// A program, by position.
    Machine(u8),
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Signed in.
    LoggedIn,
    /// The application exchanged its code for tokens.
    CodeExchanged,
    /// Signed in without being asked, by the session that was there.
    SilentLogin,
    /// No session was there.
    SilentLoginFailed,
    /// Tokens were renewed.
    TokenRefreshed,
    /// Signed out.
    LoggedOut,
    /// The password was wrong.
    WrongPassword,
    /// The account does not exist.
    UnknownAccount,
    /// The password is known from a leak.
    LeakedPassword,
    /// The account is closed to this address after too many failures.
    AccountBlocked,
    /// The address is closed after too many failures.
    AddressBlocked,
    /// The application sent the user back to where it may not.
    CallbackRefused,
    /// The second factor was asked for.
    FactorPushed,
    /// The second factor was given.
    FactorAccepted,
    /// The person refused the second factor.
    FactorRejected,
    /// The second factor was wrong.
    FactorFailed,
    /// A second factor was enrolled.
    FactorEnrolled,
    /// A second factor was taken away.
    FactorRemoved,
    /// A new password was asked for by mail.
    PasswordResetAsked,
    /// The password was changed.
    PasswordChanged,
    /// An account was opened.
    SignedUp,
    /// An account was not opened, its password being weak.
    SignupFailed,
    /// A mail address was confirmed.
    MailConfirmed,
    /// A program got its token.
    MachineToken,
    /// A program did not get its token.
    MachineTokenRefused,
    /// The service will soon refuse for too many calls.
    ApiLimitNear,
    /// The service refused for too many calls.
    ApiLimited,
    /// An account was brought in line with a directory.
    AccountSynced,
    /// An administrator did something.
    Administered(Administration),
}

/// What an administrator did. The person acted upon follows from the visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Administration {
    /// Changed somebody's profile.
    UpdatedUser,
    /// Opened an account for somebody.
    CreatedUser,
    /// Deleted an account.
    DeletedUser,
    /// Gave somebody a role.
    AssignedRole,
    /// Gave somebody all rights.
    GrantedAllRights,
    /// Changed an application.
    UpdatedApplication,
    /// Made a program's credential.
    CreatedCredential,
    /// Switched the second factor off for everybody.
    WeakenedFactorPolicy,
    /// Changed how the logs are sent out.
    UpdatedLogStream,
    /// Ended the sending of the logs.
    DeletedLogStream,
    /// Took the place of another user.
    ImpersonatedUser,
    /// Looked at something secret.
    ReadSecret,
}
