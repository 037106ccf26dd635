"""Fetches every mail of INBOX with imaplib and reads it with email's default parser.

Prints the number of mails and the seconds from connecting to the last mail.
"""
import email
import imaplib
import sys
import time

host, port, user, password, batch = sys.argv[1:]
started = time.monotonic()
server = imaplib.IMAP4(host, int(port))
server.login(user, password)
server.select("INBOX", readonly=True)
uids = server.uid("SEARCH", "ALL")[1][0].split()
count = 0
for i in range(0, len(uids), int(batch)):
    answer = server.uid("FETCH", b",".join(uids[i:i + int(batch)]), "(UID BODY.PEEK[])")[1]
    for part in answer:
        if isinstance(part, tuple):
            mail = email.message_from_bytes(part[1])
            mail["Subject"], mail.get_payload(decode=True)
            count += 1
print(count, time.monotonic() - started)
server.logout()
