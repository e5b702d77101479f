"""The face of SAML applications: here the hub is identity provider.

Owns reading AuthnRequests of registered service providers, and Responses and error Statuses to them. Decides nothing about
who may sign in: it hands neutral requests to the pipeline and writes down what the pipeline answers.
"""
